/** Lanes that fill any GPU; beyond them a lane takes several planes and works out where its pixels lie only once. */
const ENOUGH_LANES = 2 ** 19;

/**
 * Workgroups of 8 x 8 lanes over the pixels of many planes: `width` lanes by `height` lanes by as many planes at once as
 * keep the device busy. The kernel runs `for (plane = lane.z; plane < planes; plane += groups.z)`.
 */
export function planeGrid(width: number, height: number, planes: number): [number, number, number] {
  const [x, y] = [Math.ceil(width / 8), Math.ceil(height / 8)];
  if (x * y * planes === 0) return [0, 0, 0];
  return [x, y, Math.min(planes, 65535, Math.max(1, Math.ceil(ENOUGH_LANES / (x * y * 64))))];
}
