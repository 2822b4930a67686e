/** Its published types bring node-fetch's, which change the global ReadableStream. This is what tests use of it. */
declare module 'make-fetch-happen' {
  type Fetch = (url: string, options?: { headers?: Record<string, string> }) => Promise<{ text(): Promise<string> }>;
  const fetch: Fetch & { defaults(options: { cachePath: string; retry: boolean }): Fetch };
  export default fetch;
}
