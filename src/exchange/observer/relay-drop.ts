/** Why a message with giaddr is dropped. It gets no answer, not even a DHCPNAK. */
export type RelayDrop =
  | 'bad-giaddr' // no relay agent can have that address
  | 'relay-not-listed'; // the operator has not named this relay agent
