import type { TrafficSum } from '../../api.ts';
import { bytesText, percentText, rateText } from './format.ts';

/** Requests in a second with the share that failed. */
export function Rate({ rate, errors, unit = true }: { rate: number; errors: number; unit?: boolean }) {
  if (rate === 0) return <span className="ist-quiet">–</span>;
  const percent = (100 * errors) / rate;
  return (
    <span className="ist-rate">
      {rateText(rate)}
      {unit && <span className="ist-unit"> rps</span>}
      {errors > 0 && <span className={percent >= 10 ? 'ist-bad' : 'ist-warn'}> {percentText(percent)} failed</span>}
    </span>
  );
}

/** What comes in and what goes out, requests before bytes. */
export function TrafficCell({ traffic, direction }: { traffic: TrafficSum; direction: 'in' | 'out' }) {
  const [rate, errors, tcp] =
    direction === 'in'
      ? [traffic.inbound, traffic.inboundErrors, traffic.tcpIn]
      : [traffic.outbound, traffic.outboundErrors, traffic.tcpOut];
  if (rate === 0 && tcp > 0) return <span className="ist-rate">{bytesText(tcp)}/s</span>;
  return (
    <>
      <Rate rate={rate} errors={errors} />
      {tcp > 0 && <span className="ist-quiet"> {bytesText(tcp)}/s</span>}
    </>
  );
}
