/** What istio-iptables does, in nftables: a pod's TCP goes through its proxy. The proxy's own connections carry a mark instead of a user. */
import { dirname } from 'node:path';
import { quote } from './container-script.ts';
import type { Programs } from './options.ts';

export const proxyMark = 1337;

/** The command of a container that is given istio-iptables' arguments (-p, -z, -i, -x, -b, -d, -o, -q). */
export function interceptionScript(
  args: string[],
  programs: Programs,
  mounts: { from: string; to: string; readOnly: boolean }[],
): string[] {
  const libraries = programs.nftEnv['LD_LIBRARY_PATH'];
  for (const path of [dirname(programs.nft), ...(libraries ? libraries.split(':') : [])])
    mounts.push({ from: path, to: path, readOnly: true });
  const setting = libraries ? `LD_LIBRARY_PATH=${quote(libraries)} ` : '';
  return ['/bin/sh', '-c', `printf '%s' ${quote(interceptionRules(args))} | ${setting}${quote(programs.nft)} -f -`];
}

export function interceptionRules(args: string[]): string {
  const option = (short: string, fallback: string): string => {
    const at = args.indexOf(short);
    return at === -1 ? fallback : (args[at + 1] ?? fallback);
  };
  const list = (text: string): string[] =>
    text
      .split(',')
      .map((one) => one.trim())
      .filter(Boolean);
  const outboundPort = option('-p', '15001');
  const inboundPort = option('-z', '15006');
  const included = list(option('-i', '*'));
  const excluded = list(option('-x', ''));
  const inboundPorts = list(option('-b', '*'));
  const exceptInbound = [...new Set([...list(option('-d', '')), '15090', '15021', '15020'])];
  const exceptOutbound = list(option('-o', ''));
  const own = `meta mark ${proxyMark}`;
  const outbound = [
    'oifname "lo" ip saddr 127.0.0.6 return',
    // A proxy that calls its own pod by its address goes through the inbound side like any other caller.
    `oifname "lo" ip daddr != 127.0.0.1 tcp dport != 15008 ${own} redirect to :${inboundPort}`,
    `${own} return`,
    'ip daddr 127.0.0.1 return',
    ...(exceptOutbound.length > 0 ? [`tcp dport { ${exceptOutbound.join(', ')} } return`] : []),
    ...excluded.map((range) => `ip daddr ${range} return`),
    ...(included.includes('*')
      ? [`meta l4proto tcp redirect to :${outboundPort}`]
      : included.map((range) => `ip daddr ${range} meta l4proto tcp redirect to :${outboundPort}`)),
  ];
  const inbound = [
    `tcp dport { ${exceptInbound.join(', ')} } return`,
    ...(inboundPorts.includes('*')
      ? [`meta l4proto tcp redirect to :${inboundPort}`]
      : inboundPorts.length > 0
        ? [`tcp dport { ${inboundPorts.join(', ')} } redirect to :${inboundPort}`]
        : []),
  ];
  const chain = (name: string, hook: string, rules: string[]) =>
    `  chain ${name} {\n    type nat hook ${hook} priority -100; policy accept;\n${rules.map((rule) => `    ${rule}\n`).join('')}  }\n`;
  // Made anew each time: an init container that runs again must not double the rules.
  return `table ip istio\ndelete table ip istio\ntable ip istio {\n${chain('output', 'output', outbound)}${chain('prerouting', 'prerouting', inbound)}}\n`;
}
