/**
 * The VPS of a guest. Where its reservation names none, the API has the reservation's id as the VPS; if its port tells the guest's
 * number, that is the VPS.
 *
 * @param {{ vps_id: string | null, reservation_id: string | null, port: string | null }} guest
 */
export function vpsOf({ vps_id: vps, reservation_id: reservation, port }) {
  if (vps === null || vps !== reservation || port === null) return vps;
  return numberIn(port) ?? vps;
}

/**
 * 104: tap104i0, veth104i0 and fwpr104p0 are what Proxmox calls the ports of its guest 104.
 *
 * @param {string} port
 */
function numberIn(port) {
  return /^(?:tap|veth)([1-9]\d{0,8})i\d+$|^fwpr([1-9]\d{0,8})p\d+$/
    .exec(port)
    ?.slice(1)
    .find((each) => each !== undefined);
}
