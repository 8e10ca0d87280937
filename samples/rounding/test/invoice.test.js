import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tax, total } from '../src/invoice.js';

test('a total adds prices times quantities', () => {
  assert.equal(total([{ price: '1.10', quantity: 3 }, { price: '0.25', quantity: 2 }]), '3.80');
});

test('half a cent of tax is rounded up', () => {
  assert.equal(tax('1.50', 7), '0.11');
  assert.equal(tax('10.50', 19), '2.00');
  assert.equal(tax('2.50', 19), '0.48');
});

test('large amounts keep every cent', () => {
  assert.equal(total([{ price: '90071992547409.93', quantity: 1 }]), '90071992547409.93');
});
