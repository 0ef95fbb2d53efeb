/** Two menus: one of which several entries may be ticked, and one with a single choice. */
import {
  Badge,
  Button,
  MenuFooter,
  MenuSearch,
  MenuSearchInput,
  MenuToggle,
  SearchInput,
  Select,
  SelectList,
  SelectOption,
} from '@patternfly/react-core';
import { useState } from 'react';

export interface MenuOption {
  value: string;
  text: string;
  description?: string;
  bad?: boolean;
}

interface CheckMenuProps {
  label: string;
  options: MenuOption[];
  chosen: string[];
  onChange: (chosen: string[]) => void;
  /** Nothing chosen means all of them; otherwise it means none. */
  all?: boolean;
}

const searchFrom = 8;

export function CheckMenu({ label, options, chosen, onChange, all = true }: CheckMenuProps) {
  const [open, setOpen] = useState(false);
  const [filter, setFilter] = useState('');
  const shown = options.filter((option) => option.text.includes(filter));
  const bad = options.some((option) => option.bad);
  return (
    <Select
      role="menu"
      isOpen={open}
      onOpenChange={setOpen}
      selected={chosen}
      onSelect={(_event, value) =>
        onChange(
          chosen.includes(String(value)) ? chosen.filter((one) => one !== value) : [...chosen, String(value)].sort(),
        )
      }
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          onClick={() => setOpen(!open)}
          isExpanded={open}
          badge={all && chosen.length > 1 ? <Badge isRead>{chosen.length}</Badge> : undefined}
          {...(bad ? { status: 'warning' as const } : {})}
        >
          {all && chosen.length === 0 ? `All ${label.toLowerCase()}` : all && chosen.length === 1 ? chosen[0] : label}
        </MenuToggle>
      )}
    >
      {options.length >= searchFrom && (
        <MenuSearch>
          <MenuSearchInput>
            <SearchInput
              value={filter}
              aria-label={`Find in ${label.toLowerCase()}`}
              onChange={(_event, value) => setFilter(value)}
            />
          </MenuSearchInput>
        </MenuSearch>
      )}
      <SelectList aria-label={label} className="ist-menu-list">
        {shown.map((option) => (
          <SelectOption
            key={option.value}
            value={option.value}
            hasCheckbox
            isSelected={chosen.includes(option.value)}
            description={option.description}
          >
            <span className={option.bad ? 'ist-bad' : undefined}>{option.text}</span>
          </SelectOption>
        ))}
        {shown.length === 0 && (
          <SelectOption isDisabled key="none">
            None
          </SelectOption>
        )}
      </SelectList>
      <MenuFooter>
        <Button variant="link" isInline isDisabled={chosen.length === 0} onClick={() => onChange([])}>
          {all ? `All ${label.toLowerCase()}` : 'None'}
        </Button>
      </MenuFooter>
    </Select>
  );
}

interface ChoiceMenuProps {
  label: string;
  options: MenuOption[];
  chosen: string;
  onChange: (value: string) => void;
}

export function ChoiceMenu({ label, options, chosen, onChange }: ChoiceMenuProps) {
  const [open, setOpen] = useState(false);
  const text = options.find((option) => option.value === chosen)?.text ?? chosen;
  return (
    <Select
      isOpen={open}
      onOpenChange={setOpen}
      selected={chosen}
      onSelect={(_event, value) => {
        onChange(String(value));
        setOpen(false);
      }}
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          onClick={() => setOpen(!open)}
          isExpanded={open}
          aria-label={`${label}: ${text}`}
          className="ist-choice"
        >
          {text || label}
        </MenuToggle>
      )}
    >
      <SelectList aria-label={label} className="ist-menu-list">
        {options.map((option) => (
          <SelectOption key={option.value} value={option.value} description={option.description}>
            {option.text}
          </SelectOption>
        ))}
      </SelectList>
    </Select>
  );
}
