const suffixLetters = 'bcdfghjklmnpqrstvwxz2456789';

/** Five characters that make no words, as Kubernetes appends them to generateName. */
export function randomSuffix(length = 5): string {
  return Array.from({ length }, () => suffixLetters[Math.floor(Math.random() * suffixLetters.length)]).join('');
}
