/** Latencies from 20 to 80 ms. Their order looks random, but is the same in every run. */
export function unevenLatency(): () => number {
  let responses = 0;
  return () => 20 + ((responses++ * 37) % 61);
}
