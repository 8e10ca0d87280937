import { expect, test } from 'vitest';
import { locateTools, missingParts } from '../../../sandbox/machine.ts';
import { namespaceRemedy } from '../../../sandbox/probe.ts';

const all = locateTools([]);

test('on another system than Linux the finding says so and names a way', () => {
  expect(missingParts('darwin', all)).toEqual([expect.stringMatching(/needs Linux.*darwin.*Kubernetes/)]);
});

test('a missing program is named with the packages that have it', () => {
  expect(missingParts('linux', { ...all, bwrap: null })).toEqual([
    expect.stringContaining('apt install bubblewrap'),
  ]);
});

test.each([
  ['kernel/unprivileged_userns_clone', '0', 'kernel.unprivileged_userns_clone=1'],
  ['user/max_user_namespaces', '0', 'user.max_user_namespaces=15000'],
  ['kernel/apparmor_restrict_unprivileged_userns', '1', '/etc/apparmor.d/bwrap'],
])('the setting %s=%s is named with its remedy', (name, value, remedy) => {
  expect(
    namespaceRemedy('bwrap: setting up uid map: Permission denied', (asked) =>
      asked === name ? value : null,
    ),
  ).toContain(remedy);
});

test('an option that bwrap does not know means that it is too old', () => {
  expect(namespaceRemedy('bwrap: Unknown option --perms', () => null)).toContain('0.5.0');
});
