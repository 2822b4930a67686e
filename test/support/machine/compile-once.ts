import vm from 'node:vm';

/** What V8 made of each file, by the file's path, with the text that it made it of. */
const known = new Map<string, { source: string; code: Buffer }>();

/** Jest compiles every module again for every suite. From here on a worker takes those that it has seen from V8's code cache. */
export function compileOnce(): void {
  const compile = vm.compileFunction;
  if (compile.name === compileKnown.name) return;
  vm.compileFunction = compileKnown;

  function compileKnown(...[source, parameters, options]: Parameters<typeof compile>): ReturnType<typeof compile> {
    const { filename = '' } = options ?? {};
    const seen = known.get(filename);
    if (seen?.source === source) return compile(source, parameters, { ...options, cachedData: seen.code });
    const made = compile(source, parameters, { ...options, produceCachedData: true });
    if (made.cachedData) known.set(filename, { source, code: made.cachedData });
    return made;
  }
}
