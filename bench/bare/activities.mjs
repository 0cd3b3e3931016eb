export const first = async () => ({});
export const second = async () => ({});
export const third = async () => ({});
