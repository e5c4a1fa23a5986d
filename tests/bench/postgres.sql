-- Two hash chains as users of PostgreSQL build them, with the indexes that we have.  The lock lasts to
-- the commit in both, or the chain would have gaps.

-- Each row holds its hash over the one before and itself, made by a trigger for the row.
CREATE SCHEMA plain;
CREATE TABLE plain.record (
	number bigint PRIMARY KEY,
	time timestamptz NOT NULL DEFAULT now(),
	author bytea NOT NULL,
	event_id text NOT NULL,
	code text NOT NULL,
	product text NOT NULL,
	lot text NOT NULL,
	payload jsonb NOT NULL,
	hash bytea NOT NULL
);

CREATE FUNCTION plain.chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	last record;
BEGIN
	PERFORM pg_advisory_xact_lock(1);
	SELECT number, hash INTO last FROM plain.record ORDER BY number DESC LIMIT 1;
	NEW.number := coalesce(last.number + 1, 0);
	NEW.hash := sha256(coalesce(last.hash, '') || convert_to(NEW.payload::text, 'UTF8'));
	RETURN NEW;
END $$;
CREATE TRIGGER chain BEFORE INSERT ON plain.record FOR EACH ROW EXECUTE FUNCTION plain.chain();

-- The links are in a table of their own, made by a trigger for the statement: rows are parsed, stored
-- and hashed beside other transactions, and only the links of one wait for those of another.
CREATE SCHEMA apart;
CREATE TABLE apart.record (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	time timestamptz NOT NULL DEFAULT now(),
	author bytea NOT NULL,
	event_id text NOT NULL,
	code text NOT NULL,
	product text NOT NULL,
	lot text NOT NULL,
	payload jsonb NOT NULL
);
CREATE TABLE apart.link (
	number bigint PRIMARY KEY,
	id bigint NOT NULL UNIQUE,
	hash bytea NOT NULL
);

CREATE FUNCTION apart.chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	ids bigint[];
	digests bytea[];
	hashes bytea[];
	link bytea;
	last bigint;
BEGIN
	SELECT array_agg(id), array_agg(digest) INTO ids, digests FROM
		(SELECT id, sha256(convert_to(payload::text, 'UTF8')) AS digest FROM fresh ORDER BY id) AS one;
	PERFORM pg_advisory_xact_lock(2);
	SELECT number, hash INTO last, link FROM apart.link ORDER BY number DESC LIMIT 1;
	last := coalesce(last, -1);
	link := coalesce(link, '');
	FOR i IN 1 .. array_length(ids, 1) LOOP
		link := sha256(link || digests[i]);
		hashes[i] := link;
	END LOOP;
	INSERT INTO apart.link SELECT last + nth, id, hash
		FROM unnest(ids, hashes) WITH ORDINALITY AS u (id, hash, nth);
	RETURN NULL;
END $$;
CREATE TRIGGER chain AFTER INSERT ON apart.record REFERENCING NEW TABLE AS fresh
	FOR EACH STATEMENT EXECUTE FUNCTION apart.chain();

CREATE UNIQUE INDEX ON plain.record (author, event_id);
CREATE INDEX ON plain.record (code);
CREATE INDEX ON plain.record (product, lot);
CREATE INDEX ON plain.record (author);
CREATE UNIQUE INDEX ON apart.record (author, event_id);
CREATE INDEX ON apart.record (code);
CREATE INDEX ON apart.record (product, lot);
CREATE INDEX ON apart.record (author);
