/** The folder of the web application, bundled if it is not yet. The bundler is loaded for that alone: it is the largest thing here. */
export async function preparePages(): Promise<{ folder: string }> {
  const { buildWeb } = await import('./bundle.ts');
  return buildWeb();
}
