import type { Step } from './exchange.ts';

/**
 * A creation. What should be refused is called `bad` and gets a name of its own from the step's, so that the refusal of one is not hidden by
 * another that was let in.
 */
export function create(name: string, path: string, body: any): Step {
  const own = name.toLowerCase().replaceAll(/[^a-z]+/g, '-');
  const metadata = body.metadata?.name === 'bad' ? { metadata: { ...body.metadata, name: own } } : {};
  return { name, method: 'POST', path, body: { ...body, ...metadata } };
}
