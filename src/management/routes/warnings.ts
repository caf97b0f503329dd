/** What is said where the packets' thread does not answer. */
export const STANDS_STILL = {
  name: 'stands-still',
  message: 'the thread that serves guests does not answer',
  remedy: 'see to the disk of the leases directory and to the load of this node (dmesg, top)',
  stopsNewGuests: true,
} as const;
