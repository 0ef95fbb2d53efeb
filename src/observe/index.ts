/**
 * All clusters read together: what stands, what joins them, and why a request goes where it goes. It reads only, has no home cluster, and
 * knows no mesh file, no page and no command line.
 */
export * from './explain/index.ts';
