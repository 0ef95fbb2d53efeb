import { Nav, NavItem, NavList, PageSidebar, PageSidebarBody } from '@patternfly/react-core';
import BellIcon from '@patternfly/react-icons/dist/esm/icons/bell-icon';
import BundleIcon from '@patternfly/react-icons/dist/esm/icons/bundle-icon';
import ClusterIcon from '@patternfly/react-icons/dist/esm/icons/cluster-icon';
import CubesIcon from '@patternfly/react-icons/dist/esm/icons/cubes-icon';
import FileCodeIcon from '@patternfly/react-icons/dist/esm/icons/file-code-icon';
import MedkitIcon from '@patternfly/react-icons/dist/esm/icons/medkit-icon';
import NetworkIcon from '@patternfly/react-icons/dist/esm/icons/network-icon';
import RouteIcon from '@patternfly/react-icons/dist/esm/icons/route-icon';
import ServiceIcon from '@patternfly/react-icons/dist/esm/icons/service-icon';
import TachometerAltIcon from '@patternfly/react-icons/dist/esm/icons/tachometer-alt-icon';
import type { ComponentType } from 'react';
import { Link, useLocation } from 'wouter';
import { FoundBadge } from '../diagnosis/found-count.tsx';
import { useScoped } from './links.tsx';

interface Item {
  path: string;
  title: string;
  Icon: ComponentType;
  /** The part of an entity's address that belongs to this page. */
  kind?: string;
}

const items: Item[] = [
  { path: '/', title: 'Overview', Icon: TachometerAltIcon },
  { path: '/mesh', title: 'Mesh', Icon: ClusterIcon },
  { path: '/graph', title: 'Traffic graph', Icon: NetworkIcon },
  { path: '/applications', title: 'Applications', Icon: CubesIcon, kind: 'applications' },
  { path: '/workloads', title: 'Workloads', Icon: BundleIcon, kind: 'workloads' },
  { path: '/services', title: 'Services', Icon: ServiceIcon, kind: 'services' },
  { path: '/istio', title: 'Istio configuration', Icon: FileCodeIcon, kind: 'istio' },
  { path: '/doctor', title: 'Doctor', Icon: MedkitIcon },
  { path: '/why', title: 'Why', Icon: RouteIcon },
  { path: '/events', title: 'Events', Icon: BellIcon },
];

export function Navigation() {
  const [location] = useLocation();
  const href = useScoped();
  const kind = /^\/clusters\/[^/]+\/namespaces\/[^/]+\/([^/]+)/.exec(location)?.[1];
  return (
    <PageSidebar>
      <PageSidebarBody>
        <Nav aria-label="Pages">
          <NavList>
            {items.map((item) => {
              const active = kind
                ? item.kind === kind
                : item.path === location || (item.kind === 'istio' && location.startsWith('/create'));
              return (
                <NavItem key={item.path} isActive={active}>
                  <Link href={href(item.path)} aria-current={active ? 'page' : undefined}>
                    <span className="ist-nav-icon">
                      <item.Icon />
                    </span>
                    {item.title}
                    {item.path === '/doctor' && <FoundBadge />}
                  </Link>
                </NavItem>
              );
            })}
          </NavList>
        </Nav>
      </PageSidebarBody>
    </PageSidebar>
  );
}
