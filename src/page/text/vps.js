/**
 * The VPS of a guest. A reservation that names none counts under its own id; where the port tells the number of the guest, that is
 * its VPS, and the id is only what the reservation is called.
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
