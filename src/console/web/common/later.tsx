/** Parts of the application that are fetched when a page first needs them: they are heavy, and most pages do without. */
import { type ComponentType, lazy, type ReactNode, Suspense } from 'react';
import { Waiting } from './answer.tsx';

/** A component of another file, with what stands in its place until that has come. */
export function later<P extends object>(load: () => Promise<ComponentType<P>>): (props: P) => ReactNode {
  const part = lazy(async () => ({ default: await load() })) as unknown as ComponentType<P>;
  return (props) => <Awaited part={part} props={props} />;
}

function Awaited<P extends object>({ part: Part, props }: { part: ComponentType<P>; props: P }) {
  return (
    <Suspense fallback={<Waiting />}>
      <Part {...props} />
    </Suspense>
  );
}
