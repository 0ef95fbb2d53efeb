/** One request after the other from the client of a cluster, for as long as something else goes on. */
import { randomUUID } from 'node:crypto';
import { kubectl } from './isthmus.ts';

export interface Load {
  /** Ends it and says how many were asked, and the status and time of each that was not answered with 200. */
  stop(): Promise<{ asked: number; failed: string[] }>;
}

const script = `n=0
while [ ! -e "$1" ]; do
  code=$(curl -s -o /dev/null --max-time 5 -w '%{http_code}' http://helloworld.sample:5000/hello)
  n=$((n+1))
  [ "$code" = 200 ] || echo "failed $(date +%T) $code"
done
rm "$1"
echo "asked $n"`;

export function startLoad(home: string, cluster: string): Load {
  const mark = `/tmp/stop-${randomUUID()}`;
  const inClient = ['-n', 'sample', 'exec', 'deploy/curl', '-c', 'curl', '--'];
  const running = kubectl(home, cluster, [...inClient, 'sh', '-c', script, 'sh', mark], undefined, 300_000);
  return {
    async stop() {
      await kubectl(home, cluster, [...inClient, 'touch', mark]);
      const { stdout, stderr } = await running;
      const asked = Number(/^asked (\d+)$/m.exec(stdout)?.[1]);
      if (!(asked > 0)) throw new Error(`the load of ${cluster} did not come to its end: ${stdout}${stderr}`);
      return { asked, failed: stdout.split('\n').filter((line) => line.startsWith('failed')) };
    },
  };
}
