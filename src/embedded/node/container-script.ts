/**
 * The script by which a container comes to its own root file system: run as the first process of its mount, PID, UTS and IPC namespaces,
 * it builds the root in memory, enters it and becomes the container's program.
 */
export interface RootOptions {
  /** An empty folder on which the root is built. */
  root: string;
  hostname: string;
  /** Host files to stand at /etc/hosts and /etc/resolv.conf. */
  hosts: string;
  resolvConf: string;
  mounts: { from: string; to: string; readOnly: boolean }[];
  workingDir: string;
  /** Capabilities that are kept, without the prefix. */
  capabilities: string[];
  /** Program and arguments. */
  argv: string[];
}

export const applicationCapabilities = ['chown', 'dac_override', 'fowner', 'kill', 'net_bind_service'];

/** What the script begins with, and no program's command line does. */
export const scriptMark = 'set -e # isthmus container';

export function containerScript(options: RootOptions): string {
  const { root } = options;
  const bound = options.capabilities.map((name) => `,+${name}`).join('');
  const lines = [
    scriptMark,
    // The container's own PATH is for its program; these commands are the machine's.
    'own_path=$PATH; PATH=/usr/sbin:/usr/bin:/sbin:/bin; umask 022',
    `R=${quote(root)}`,
    'mount -t tmpfs -o mode=0755 tmpfs $R; cd $R',
    'mkdir usr etc proc dev tmp run var root sys .up .work old; mkdir -p var/run var/tmp var/log; chmod 1777 tmp var/tmp',
    'mount --rbind -o ro /usr usr',
    'for d in bin sbin lib lib32 lib64 libx32; do if [ -L /$d ]; then ln -s "$(readlink /$d)" $d; elif [ -d /$d ]; then mkdir $d; mount --rbind -o ro /$d $d; fi; done',
    'mount -t overlay -o lowerdir=/etc,upperdir=.up,workdir=.work overlay etc',
    'mount -t proc proc proc',
    'for d in null zero full random urandom tty; do : > dev/$d; mount --bind /dev/$d dev/$d; done',
    'mkdir dev/pts; mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts dev/pts; ln -s pts/ptmx dev/ptmx',
    'ln -s /proc/self/fd dev/fd; ln -s /proc/self/fd/0 dev/stdin; ln -s /proc/self/fd/1 dev/stdout; ln -s /proc/self/fd/2 dev/stderr; mkdir dev/shm; chmod 1777 dev/shm',
    'rm -f etc/hosts etc/resolv.conf etc/hostname',
    `cp ${quote(options.hosts)} etc/hosts; cp ${quote(options.resolvConf)} etc/resolv.conf; echo ${quote(options.hostname)} > etc/hostname`,
    `hostname ${quote(options.hostname)}`,
    ...options.mounts.flatMap(({ from, to, readOnly }) => {
      const target = quote(`.${to}`);
      return [
        `if [ -d ${quote(from)} ]; then mkdir -p ${target}; else mkdir -p "$(dirname ${target})"; [ -e ${target} ] || : > ${target}; fi`,
        `mount --rbind${readOnly ? ' -o ro' : ''} ${quote(from)} ${target}`,
      ];
    }),
    'pivot_root . old; cd /; umount -l old; rmdir old',
    `cd ${quote(options.workingDir)}`,
    `PATH=$own_path exec /usr/bin/setpriv --bounding-set=-all${bound} --inh-caps=-all -- ${options.argv.map(quote).join(' ')}`,
  ];
  return lines.join('\n');
}

/** One word for the shell, whatever is in it. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
