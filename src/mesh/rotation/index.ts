/** Renewal of what the mesh's trust rests on, while it carries traffic. */
export { rotateIntermediates } from './intermediates.ts';
export { rotateRoot } from './root.ts';
export { requestTokens } from './tokens.ts';
