import type { LinkKind, MeshLink, State } from '../../api.ts';

export const linkKinds: LinkKind[] = ['control-plane', 'remote-secret', 'east-west', 'trust', 'federation'];

export const kindText: Record<LinkKind, { name: string; told: string }> = {
  'control-plane': { name: 'Control plane', told: 'Proxies are configured by the istiod of another cluster' },
  'remote-secret': { name: 'Remote secret', told: 'istiod reads the API of another cluster' },
  'east-west': { name: 'East-west', told: 'Requests reach workloads of another network through its gateway' },
  trust: { name: 'Trust', told: 'Both sides accept certificates of each other' },
  federation: { name: 'Federation', told: 'Prometheus takes series of another cluster' },
};

const badness: State[] = ['ok', 'unknown', 'degraded', 'broken'];

export interface LinkChoice {
  /** Empty: all. */
  kinds: string[];
  /** Also those that are sound. */
  all: boolean;
  /** A cluster whose links are shown in any case. */
  focus: string;
}

/** The links to draw, the worst last, so that it lies above. Trust goes both ways: of two that say the same one is drawn. */
export function shownLinks(links: MeshLink[], choice: LinkChoice): MeshLink[] {
  const seen = new Set<string>();
  return links
    .filter((link) => choice.kinds.length === 0 || choice.kinds.includes(link.kind))
    .filter((link) => choice.all || link.state !== 'ok' || link.from === choice.focus || link.to === choice.focus)
    .filter((link) => {
      if (link.kind !== 'trust') return true;
      const key = `${[link.from, link.to].sort().join(' ')} ${link.state} ${link.why ?? ''}`;
      return !seen.has(key) && seen.add(key);
    })
    .sort((a, b) => badness.indexOf(a.state) - badness.indexOf(b.state));
}

export const worstFirst = (a: MeshLink, b: MeshLink): number => badness.indexOf(b.state) - badness.indexOf(a.state);

/** Moves labels down, as little as is needed for none to lie on another. Those that do not share columns do not mind each other. */
export function apart<T extends { x: number; y: number; width: number; height: number }>(labels: T[], gap = 6): T[] {
  const placed: T[] = [];
  for (const label of labels.toSorted((a, b) => a.y - b.y)) {
    const next = { ...label };
    for (let moved = true; moved; ) {
      moved = false;
      for (const other of placed) {
        const besides = next.x >= other.x + other.width || other.x >= next.x + next.width;
        const clear = next.y >= other.y + other.height + gap || other.y >= next.y + next.height + gap;
        if (besides || clear) continue;
        next.y = other.y + other.height + gap;
        moved = true;
      }
    }
    placed.push(next);
  }
  return placed;
}
