-- CREATE INDEX lets nobody write to the table until it is done. Where that takes too long, build the three beforehand with
-- CREATE INDEX CONCURRENTLY, under these names: docs/operations.md, "A migration that builds an index".
CREATE INDEX IF NOT EXISTS "idx_orders_page" ON "orders" USING btree ("created_at","order_id");--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "idx_orders_customer_page" ON "orders" USING btree ("customer_id","created_at","order_id");--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "idx_orders_status_page" ON "orders" USING btree ("status","created_at","order_id");--> statement-breakpoint
DROP INDEX "idx_orders_customer_id";--> statement-breakpoint
DROP INDEX "idx_orders_created_at";
