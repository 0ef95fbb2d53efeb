/** The bar at the top: name, what the pages are about, whether they are live, and the theme. */
import {
  Button,
  Masthead,
  MastheadBrand,
  MastheadContent,
  MastheadLogo,
  MastheadMain,
  MastheadToggle,
  PageToggleButton,
  Toolbar,
  ToolbarContent,
  ToolbarGroup,
  ToolbarItem,
} from '@patternfly/react-core';
import MoonIcon from '@patternfly/react-icons/dist/esm/icons/moon-icon';
import SunIcon from '@patternfly/react-icons/dist/esm/icons/sun-icon';
import { Link } from 'wouter';
import type { LiveUpdates } from '../api/live.ts';
import { useScoped } from './links.tsx';
import { LiveIndicator } from './live-indicator.tsx';
import { ScopeSelector } from './scope-selector.tsx';
import { SignedIn } from './sign-in.tsx';
import { chooseTheme, useTheme } from './theme.ts';

export function Header({ live }: { live: LiveUpdates }) {
  const theme = useTheme();
  const href = useScoped();
  const other = theme === 'dark' ? 'light' : 'dark';
  return (
    <Masthead display={{ default: 'stack', lg: 'inline' }}>
      <MastheadMain>
        <MastheadToggle>
          <PageToggleButton isHamburgerButton variant="plain" aria-label="Navigation" />
        </MastheadToggle>
        <MastheadBrand>
          <MastheadLogo component={(props) => <Link {...props} href={href('/')} />}>
            <img src="/assets/icon.svg" alt="" width={28} height={28} />
            <span className="ist-brand">Isthmus</span>
          </MastheadLogo>
        </MastheadBrand>
      </MastheadMain>
      <MastheadContent>
        <Toolbar isStatic>
          <ToolbarContent>
            <ScopeSelector />
            <ToolbarGroup align={{ default: 'alignEnd' }}>
              <ToolbarItem alignSelf="center">
                <SignedIn />
              </ToolbarItem>
              <ToolbarItem>
                <LiveIndicator live={live} />
              </ToolbarItem>
              <ToolbarItem>
                <Button
                  variant="plain"
                  aria-label={`Show the pages ${other}`}
                  icon={theme === 'dark' ? <SunIcon /> : <MoonIcon />}
                  onClick={() => chooseTheme(other)}
                />
              </ToolbarItem>
            </ToolbarGroup>
          </ToolbarContent>
        </Toolbar>
      </MastheadContent>
    </Masthead>
  );
}
