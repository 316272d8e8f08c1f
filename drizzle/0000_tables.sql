CREATE TABLE "idempotency_keys" (
	"scope" text NOT NULL,
	"route" text NOT NULL,
	"key" text NOT NULL,
	"fingerprint" text NOT NULL,
	"status" integer NOT NULL,
	"headers" jsonb NOT NULL,
	"body" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_keys_scope_route_key_pk" PRIMARY KEY("scope","route","key")
);
--> statement-breakpoint
CREATE TABLE "order_items" (
	"order_item_id" text PRIMARY KEY NOT NULL,
	"order_id" text NOT NULL,
	"line_number" integer NOT NULL,
	"product_id" text NOT NULL,
	"quantity" integer NOT NULL,
	"unit_price" numeric(10, 2) NOT NULL,
	"line_total" numeric(10, 2) NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "order_items_quantity_valid" CHECK ("order_items"."quantity" >= 1),
	CONSTRAINT "order_items_unit_price_valid" CHECK ("order_items"."unit_price" >= 0 AND "order_items"."unit_price" <> 'NaN'),
	CONSTRAINT "order_items_line_total_valid" CHECK ("order_items"."line_total" >= 0 AND "order_items"."line_total" <> 'NaN')
);
--> statement-breakpoint
CREATE TABLE "orders" (
	"order_id" text PRIMARY KEY NOT NULL,
	"customer_id" text NOT NULL,
	"total_amount" numeric(10, 2) NOT NULL,
	"status" text NOT NULL,
	"shipping_address" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "orders_total_amount_valid" CHECK ("orders"."total_amount" >= 0 AND "orders"."total_amount" <> 'NaN')
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"message_id" uuid PRIMARY KEY NOT NULL,
	"message_type" text NOT NULL,
	"message_body" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"position" bigint GENERATED ALWAYS AS IDENTITY (sequence name "outbox_position_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"aggregate_id" text,
	"correlation_id" text,
	"causation_id" text,
	"user_id" text,
	"metadata" jsonb,
	"traceparent" text,
	"tracestate" text,
	"processed_at" timestamp (3) with time zone,
	"parked_at" timestamp (3) with time zone,
	"dropped_at" timestamp (3) with time zone,
	"retry_count" integer DEFAULT 0 NOT NULL,
	"next_retry_at" timestamp (3) with time zone,
	"error_message" text,
	CONSTRAINT "outbox_metadata_valid" CHECK ("outbox"."metadata" IS NULL OR jsonb_typeof("outbox"."metadata") = 'object')
);
--> statement-breakpoint
CREATE TABLE "relay_progress" (
	"slot" text PRIMARY KEY NOT NULL,
	"settled_lsn" "pg_lsn",
	"marked_lsn" "pg_lsn",
	"publication_version" text,
	"system_identifier" text NOT NULL,
	"timeline" integer NOT NULL,
	"epoch" bigint NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "order_items" ADD CONSTRAINT "order_items_order_id_orders_order_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("order_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idx_idempotency_keys_created_at" ON "idempotency_keys" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "idx_order_items_order_id" ON "order_items" USING btree ("order_id");--> statement-breakpoint
CREATE INDEX "idx_order_items_product_id" ON "order_items" USING btree ("product_id");--> statement-breakpoint
CREATE INDEX "idx_orders_created_at" ON "orders" USING btree ("created_at","order_id");--> statement-breakpoint
CREATE INDEX "idx_orders_customer_id" ON "orders" USING btree ("customer_id","created_at","order_id");--> statement-breakpoint
CREATE INDEX "idx_orders_status" ON "orders" USING btree ("status","created_at","order_id");--> statement-breakpoint
CREATE INDEX "idx_outbox_unsettled" ON "outbox" USING btree ("position") WHERE "outbox"."processed_at" IS NULL AND "outbox"."parked_at" IS NULL AND "outbox"."dropped_at" IS NULL;--> statement-breakpoint
CREATE INDEX "idx_outbox_aggregate_id" ON "outbox" USING btree ("aggregate_id") WHERE "outbox"."aggregate_id" IS NOT NULL;