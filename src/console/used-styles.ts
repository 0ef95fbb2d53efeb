/**
 * Takes out of a style sheet what no page can use. PatternFly's sheets hold every component and every theme, a megabyte and a half; its class
 * names are whole words in the scripts (each component has a map of its own), so a rule whose classes no script names cannot match.
 */

/**
 * The rules of `css` that may match, given the scripts of all pages; at-rules that are left empty go as well. Comments are dropped. Only
 * PatternFly's classes (`pf-...`) are judged: others may be put together while the pages run.
 */
export function usedStyles(css: string, scripts: string): string {
  const classes = new Set(scripts.match(/\bpf-[\w-]+/g));
  return pruned(css.replace(/\/\*[\s\S]*?\*\//g, ''), (name) => !name.startsWith('pf-') || classes.has(name));
}

function pruned(css: string, isUsed: (name: string) => boolean): string {
  let kept = '';
  for (const { head, body } of statements(css)) {
    if (body === undefined) kept += `${head};`;
    else if (/^@(media|supports|layer|container)\b/.test(head)) {
      const inner = pruned(body, isUsed);
      if (inner) kept += `${head}{${inner}}`;
    } else if (head.startsWith('@')) kept += `${head}{${body}}`;
    else {
      const selectors = split(head).filter((selector) => mayMatch(selector, isUsed));
      if (selectors.length > 0 && body.trim() !== '') kept += `${selectors.join(',')}{${body}}`;
    }
  }
  return kept;
}

/** Whether all classes that an element must have are used. Of `:is()` and `:where()` one way is enough; what `:not()` names may be missing. */
function mayMatch(selector: string, isUsed: (name: string) => boolean): boolean {
  let rest = '';
  for (let at = 0; at < selector.length; at++) {
    const pseudo = /^:(is|where|not|has)\(/.exec(selector.slice(at));
    if (!pseudo) {
      rest += selector[at];
      continue;
    }
    const end = closing(selector, at + pseudo[0].length - 1);
    const inner = selector.slice(at + pseudo[0].length, end);
    if (pseudo[1] !== 'not' && !split(inner).some((way) => mayMatch(way, isUsed))) return false;
    at = end;
  }
  return [...rest.replace(/\[[^\]]*\]/g, '').matchAll(/\.((?:\\.|[\w-])+)/g)].every(([, name]) =>
    isUsed(name!.replaceAll('\\', '')),
  );
}

/** Rules and at-rules of one level, in their order. `body` is what stands between the braces. */
function* statements(css: string): Generator<{ head: string; body?: string }> {
  let begun = 0;
  for (let at = 0; at < css.length; at++) {
    const sign = css[at];
    if (sign === '"' || sign === "'") at = quoted(css, at);
    else if (sign === '(') at = closing(css, at);
    else if (sign === ';') {
      const head = css.slice(begun, at).trim();
      if (head) yield { head };
      begun = at + 1;
    } else if (sign === '{') {
      const end = closing(css, at);
      yield { head: css.slice(begun, at).trim(), body: css.slice(at + 1, end) };
      at = end;
      begun = end + 1;
    }
  }
}

/** Parts between commas that stand in no bracket. */
function split(text: string): string[] {
  const parts: string[] = [];
  let begun = 0;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at];
    if (sign === '"' || sign === "'") at = quoted(text, at);
    else if (sign === '(' || sign === '[') at = closing(text, at);
    else if (sign === ',') {
      parts.push(text.slice(begun, at).trim());
      begun = at + 1;
    }
  }
  return [...parts, text.slice(begun).trim()];
}

/** Where the bracket at `open` ends; the end of the text where it does not. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    const sign = text[at]!;
    if (sign === '"' || sign === "'") at = quoted(text, at);
    else if (sign === '\\') at += 1;
    else if ('([{'.includes(sign)) depth += 1;
    else if (')]}'.includes(sign)) {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return text.length;
}

function quoted(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at++) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === text[open]) return at;
  }
  return text.length;
}
