import { Divider, Dropdown, DropdownItem, DropdownList, MenuToggle } from '@patternfly/react-core';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { useScoped } from '../shell/links.tsx';
import { offers } from './offers.ts';

/** The wizards for a service, for a namespace, or for what is chosen then. */
export function CreateMenu({ namespace = '', service = '' }: { namespace?: string; service?: string }) {
  const [open, setOpen] = useState(false);
  const [, navigate] = useLocation();
  const scoped = useScoped();
  const query = new URLSearchParams({ ...(namespace ? { namespace } : {}), ...(service ? { service } : {}) });
  const go = (what: string) => navigate(scoped(`/create/${what}?${query}`));
  return (
    <Dropdown
      isOpen={open}
      onOpenChange={setOpen}
      popperProps={{ position: 'right' }}
      toggle={(ref) => (
        <MenuToggle ref={ref} variant="primary" isExpanded={open} onClick={() => setOpen(!open)}>
          {service ? 'Configure' : 'New'}
        </MenuToggle>
      )}
    >
      <DropdownList className="ist-create-menu">
        {Object.values(offers).map((one) => (
          <DropdownItem key={one.key} description={one.told} onClick={() => go(one.key)}>
            {one.title}
          </DropdownItem>
        ))}
        <Divider />
        <DropdownItem description="Any kind, as a text" onClick={() => go('yaml')}>
          New from YAML
        </DropdownItem>
      </DropdownList>
    </Dropdown>
  );
}
