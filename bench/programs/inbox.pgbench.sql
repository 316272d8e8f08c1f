\set n random(1, :orders)
\set r random(1, 9223372036854775806)
BEGIN;
INSERT INTO inbox (consumer, message_id, message_type, processed_at, aggregate_id, correlation_id, causation_id, delivery_count, sequence_number) VALUES ('plain', lpad(to_hex(:r::bigint), 16, '0') || '-PaymentProcessed-0123456789abcde', 'PaymentProcessed', now(), lpad(to_hex(:n::bigint), 32, '0'), lpad(to_hex(:n::bigint), 32, '0'), lpad(to_hex(:n::bigint), 32, '0'), 1, :n) ON CONFLICT DO NOTHING;
SELECT o.*, i.* FROM orders AS o LEFT JOIN order_items AS i USING (order_id) WHERE o.order_id = lpad(to_hex(:n::bigint), 32, '0') ORDER BY i.line_number FOR UPDATE OF o;
UPDATE orders SET status = 'PaymentProcessed', updated_at = now(), version = version + 1 WHERE order_id = lpad(to_hex(:n::bigint), 32, '0');
INSERT INTO order_history (order_id, version, status, event_type, changed_by, reason, causation_id, changed_at) SELECT order_id, version, status, 'OrderPaid', 'payments', 'Payment pay-0123456789abcdef0123456789abcdef of 89.97', order_id, now() FROM orders WHERE order_id = lpad(to_hex(:n::bigint), 32, '0');
INSERT INTO outbox (message_id, message_type, message_body, created_at, aggregate_id, aggregate_version, correlation_id, causation_id) VALUES (('01a20673f0007a97' || lpad(to_hex(:r::bigint), 16, '0'))::uuid, 'OrderPaid', '{"orderId":"01a20673f0007a97b4584d0516065b65","customerId":"cust-123","paymentId":"pay-01a20673f0007a97b4584d0516065b65","amount":89.97,"paidAt":"2026-11-23T03:29:51.104Z"}', now(), lpad(to_hex(:n::bigint), 32, '0'), 2, '01a20673-f000-7a97-b458-4d0516065b65', '01a20673-f000-7a97-b458-4d0516065b65');
COMMIT;
