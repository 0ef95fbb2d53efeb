/** What the doctor finds. */
import type { ConsoleContext } from '../context.ts';
import type { AddRoute } from '../routes.ts';

export function addDoctor(add: AddRoute, { doctor }: ConsoleContext): void {
  add('GET', '/api/doctor', { summary: 'what is known to go wrong and does', answer: 'DoctorReport' }, ({ viewer }) =>
    doctor.report(viewer),
  );
}
