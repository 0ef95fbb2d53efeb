import { Frame, Nothing } from '../common/answer.tsx';
import { PageLink } from './links.tsx';

export function NotFound() {
  return (
    <Frame title="No such page" name="No such page">
      <Nothing title="There is no such page">
        <PageLink to="/">Go to the overview</PageLink>
      </Nothing>
    </Frame>
  );
}
