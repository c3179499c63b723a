// A recovery kit as a page. Its reader is tired, has lost the machine, and has this page, a new Debian, and stock restic.

import { type Block, code, type Page, said, strong, text } from '../../lib/page/page.ts';
import type { Kit } from './kit.ts';
import { openSections } from './open-sections.ts';
import type { SecretValues } from './secrets-section.ts';
import { minute } from './page-words.ts';
import { restoreSections } from './restore-sections.ts';

/** With `values` the page holds the secrets: whoever has it has the data. */
export const kitPage = (kit: Kit, values: SecretValues | null): Page => ({
  title: ['Recovery kit: ', code(kit.host), ' from ', code(kit.repository)],
  blocks: [...opening(kit, values), ...openSections(kit, values), ...restoreSections(kit)],
});

function opening({ host, repository, madeAt, holdfast, answer, warnings }: Kit, values: SecretValues | null): Block[] {
  return [
    {
      kind: 'paragraph',
      text: text`How to get the data of ${host} back from the restic repository ${repository}, on a new machine, with stock restic: Holdfast is not needed. Made on ${[strong(minute(madeAt))]} by Holdfast ${[holdfast]}.`,
    },
    {
      kind: 'paragraph',
      text: text`Work from the top to the bottom. Commands in a solid frame (in a text file: between ${'```sh'} and ${'```'}) are all typed, in order; those in a dotted frame (${'```text'}) only when the words above them apply. None of them deletes or changes anything in the repository.`,
    },
    ...(values === null
      ? []
      : [
          {
            kind: 'warning',
            text: [strong('This page holds the secrets.'), ' Whoever has it has all of the data: lock it away.'],
          } as const,
        ]),
    ...(answer.answered
      ? []
      : [
          {
            kind: 'warning',
            text: text`${repository} could not be asked when this page was made: ${said(answer.reason)}. What is said about snapshots is what ${host} had recorded${
              answer.knownSince === null ? [', and that is nothing'] : [`, last on ${minute(answer.knownSince)}`]
            }.`,
          } as const,
        ]),
    ...warnings.map((warning): Block => ({ kind: 'warning', text: [said(warning)] })),
  ];
}
