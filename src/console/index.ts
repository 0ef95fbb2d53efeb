/**
 * The console: a server with a JSON API, a stream of changes and the pages that show them. What it tells is the observe room's; here are
 * who may see it, and how it is asked for.
 */
export { preparePages } from './pages.ts';
export { type Console, type ConsoleOptions, consolePort, startConsole } from './server/index.ts';
