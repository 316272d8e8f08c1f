CREATE TABLE "inbox" (
	"consumer" text NOT NULL,
	"message_id" text NOT NULL,
	"message_type" text NOT NULL,
	"message_body" jsonb,
	"received_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"processed_at" timestamp (3) with time zone,
	"retry_count" integer DEFAULT 0 NOT NULL,
	"next_retry_at" timestamp (3) with time zone,
	"error_message" text,
	"aggregate_id" text,
	"correlation_id" text,
	"causation_id" text,
	"delivery_count" integer DEFAULT 1 NOT NULL,
	"sequence_number" bigint,
	"message_context" jsonb,
	CONSTRAINT "inbox_consumer_message_id_pk" PRIMARY KEY("consumer","message_id")
);
--> statement-breakpoint
CREATE TABLE "order_history" (
	"order_id" text NOT NULL,
	"version" integer NOT NULL,
	"status" text NOT NULL,
	"event_type" text NOT NULL,
	"changed_by" text NOT NULL,
	"reason" text,
	"causation_id" text NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "order_history_order_id_version_pk" PRIMARY KEY("order_id","version")
);
--> statement-breakpoint
ALTER TABLE "outbox" ADD COLUMN "aggregate_version" integer;--> statement-breakpoint
ALTER TABLE "outbox" ADD COLUMN "destination" text;--> statement-breakpoint
ALTER TABLE "order_history" ADD CONSTRAINT "order_history_order_id_orders_order_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("order_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idx_inbox_waiting" ON "inbox" USING btree ("consumer","aggregate_id","sequence_number") WHERE "inbox"."processed_at" IS NULL;