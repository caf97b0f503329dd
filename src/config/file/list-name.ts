/** The name of the list of segments in a settings file. */
export const LIST_NAME = 'segments';
