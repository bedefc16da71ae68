/** All clients of a run meet in it. */
export const namespace = 'erp'
