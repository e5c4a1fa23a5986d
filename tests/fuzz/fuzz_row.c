/*
 * Any row is named at fault, or becomes a legal record that the strict reader of events accepts:
 * nobody writes an event by its trade names that the ledger then calls malformed.  Lines "heading =
 * value", in English or Chinese; a line without = is a further code.
 */
#include <stdlib.h>

#include "config.h"
#include "row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CODES_MAX 16

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void read_row(struct sy_str text, struct row *row, struct sy_str codes[CODES_MAX])
{
	struct sy_str line, name, value;
	enum field field;

	*row = (struct row){.codes = codes};
	while (sy_str_line(&text, &line)) {
		if (config_line(line, &name, &value) == SY_OK && column_find(name, &field) == SY_OK)
			row->v[field] = value;
		else if (row->n_codes < CODES_MAX && line.n > 0)
			codes[row->n_codes++] = line;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sy_str text = {(const char *)data, n}, codes[CODES_MAX];
	struct sy_arena arena = {0};
	struct sy_buf record = {0};
	struct sy_faults faults;
	struct sy_json_doc doc;
	struct sy_event event;
	struct row row;

	if (!sy_utf8_valid(text.p, text.n, NULL))
		return 0;
	read_row(text, &row, codes);
	sy_faults_init(&faults, &arena);
	int err = row_event(&arena, &row, &record, &faults, 0);
	must((err == SY_OK) == (sy_faults_status(&faults) == 0));
	must((err == SY_OK) == (record.n > 0));
	if (err == SY_OK) {
		must(sy_record_parse(&arena, sy_buf_span(&record), &doc, NULL) == SY_OK);
		must(sy_event_read(&arena, &doc, &event, &faults, 0) == SY_OK);
		must(row.v[F_EVENT_ID].n > 0 || event.id.n > 0);
	}
	sy_buf_free(&record);
	sy_arena_free(&arena);
	return 0;
}
