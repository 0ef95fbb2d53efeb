/** A table that can be sorted, searched and leafed through; what it shows is in the address. */
import { Pagination, SearchInput, Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { type ReactNode, useState } from 'react';
import { useParam } from '../shell/scope.ts';
import { Nothing } from './answer.tsx';

export interface Column<T> {
  title: string;
  cell: (row: T) => ReactNode;
  /** What rows are sorted by; without it the column cannot be. */
  sort?: (row: T) => string | number;
  /** As small as its content. */
  narrow?: boolean;
}

interface DataTableProps<T> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  idOf: (row: T) => string;
  /** All that a search looks at; without it there is no search. */
  textOf?: (row: T) => string;
  /** Index of the column sorted by at first, and whether downwards. */
  sortedBy?: { column: number; down?: boolean };
  filters?: ReactNode;
  nothing?: string;
  pageSize?: number;
}

export function DataTable<T>(props: DataTableProps<T>) {
  const { label, columns, rows, idOf, textOf, filters, pageSize = 50 } = props;
  const [find, setFind] = useParam('find');
  const [sort, setSort] = useSort(columns, props.sortedBy, textOf !== undefined);
  const [page, setPage] = useState(1);
  const [size, setSize] = useState(pageSize);
  const words = textOf ? find.toLowerCase().split(/\s+/).filter(Boolean) : [];
  const found = rows.filter((row) => {
    const text = words.length > 0 ? textOf?.(row).toLowerCase() : undefined;
    return words.every((word) => text?.includes(word));
  });
  const sorted = sortRows(found, columns[sort.column]?.sort, sort.down);
  const last = Math.max(1, Math.ceil(sorted.length / size));
  const at = Math.min(page, last);
  const shown = sorted.slice((at - 1) * size, at * size);
  return (
    <>
      {(textOf || filters) && (
        <Toolbar>
          <ToolbarContent>
            {textOf && (
              <ToolbarItem>
                <SearchInput
                  value={find}
                  placeholder="Find"
                  aria-label={`Find in ${label}`}
                  onChange={(_event, value) => setFind(value)}
                  onClear={() => setFind('')}
                  {...(find ? { resultsCount: String(found.length) } : {})}
                />
              </ToolbarItem>
            )}
            {filters}
            {sorted.length > pageSize && (
              <ToolbarItem variant="pagination">
                <Pagination
                  itemCount={sorted.length}
                  perPage={size}
                  page={at}
                  onSetPage={(_event, next) => setPage(next)}
                  onPerPageSelect={(_event, next) => {
                    setSize(next);
                    setPage(1);
                  }}
                  perPageOptions={pageSizes.map((value) => ({ title: String(value), value }))}
                  isCompact
                />
              </ToolbarItem>
            )}
          </ToolbarContent>
        </Toolbar>
      )}
      <div className="ist-table">
        <Table aria-label={label} variant="compact">
          <Thead>
            <Tr>
              {columns.map((column, index) => (
                <Th
                  key={column.title}
                  modifier="nowrap"
                  {...(column.sort
                    ? {
                        sort: {
                          sortBy: { index: sort.column, direction: sort.down ? 'desc' : 'asc' },
                          onSort: (_event, _index, direction) => setSort({ column: index, down: direction === 'desc' }),
                          columnIndex: index,
                        },
                      }
                    : {})}
                >
                  {column.title}
                </Th>
              ))}
            </Tr>
          </Thead>
          <Tbody>
            {shown.map((row) => (
              <Tr key={idOf(row)}>
                {columns.map((column) => (
                  <Td
                    key={column.title}
                    dataLabel={column.title}
                    {...(column.narrow ? { modifier: 'fitContent' } : {})}
                  >
                    {column.cell(row)}
                  </Td>
                ))}
              </Tr>
            ))}
          </Tbody>
        </Table>
        {shown.length === 0 && (
          <Nothing title={rows.length === 0 ? (props.nothing ?? 'There is nothing here') : 'Nothing matches'} />
        )}
      </div>
    </>
  );
}

const pageSizes = [20, 50, 100, 200];

interface Sort {
  column: number;
  down: boolean;
}

/** What a table is sorted by: of a page's main table in the address, as in `sort=Cluster` or `sort=-Requests in`. */
function useSort<T>(
  columns: Column<T>[],
  first: DataTableProps<T>['sortedBy'],
  isMain: boolean,
): [Sort, (sort: Sort) => void] {
  const [text, setText] = useParam('sort');
  const [own, setOwn] = useState<Sort>({ column: first?.column ?? 0, down: first?.down ?? false });
  if (!isMain || text === '') return [own, isMain ? (sort) => setText(written(columns, sort)) : setOwn];
  const down = text.startsWith('-');
  const column = columns.findIndex(({ title }) => title === (down ? text.slice(1) : text));
  return [column < 0 ? own : { column, down }, (sort) => setText(written(columns, sort))];
}

const written = <T,>(columns: Column<T>[], { column, down }: Sort): string =>
  `${down ? '-' : ''}${columns[column]?.title ?? ''}`;

function sortRows<T>(rows: T[], by: Column<T>['sort'], down: boolean): T[] {
  if (!by) return rows;
  const sign = down ? -1 : 1;
  return rows.toSorted((a, b) => {
    const [x, y] = [by(a), by(b)];
    if (typeof x === 'number' && typeof y === 'number') return sign * (x - y);
    return sign * String(x).localeCompare(String(y), undefined, { numeric: true });
  });
}
