/** Other rooms name commands as `isthmus up`; people are told what they can paste, as in `./isthmus up`. */
export function asTyped(text: string, env: NodeJS.ProcessEnv): string {
  const command = env['ISTHMUS_COMMAND'];
  if (!command || command === 'isthmus') return text;
  return text.replace(
    /(?<![./\w-])isthmus (?=(?:up|plan|down|status|ca|secret|cluster|upgrade|verify|logs|init|kubeconfig|schema|artifacts)\b)/g,
    () => `${command} `,
  );
}
