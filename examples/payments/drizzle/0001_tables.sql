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
CREATE INDEX "idx_inbox_waiting" ON "inbox" USING btree ("consumer","aggregate_id","sequence_number") WHERE "inbox"."processed_at" IS NULL;