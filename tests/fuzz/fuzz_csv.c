/* Any bytes: the reader ends, counts its lines, and what it read it can write and read again. */
#include <stdlib.h>

#include "csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct text {
	const uint8_t *p;
	size_t n, step;
};

static long read_text(void *ctx, char *p, size_t n)
{
	struct text *t = ctx;

	n = n < t->n ? n : t->n;
	n = n < t->step ? n : t->step;
	if (n > 0)
		memcpy(p, t->p, n);
	t->p += n;
	t->n -= n;
	return (long)n;
}

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* One sound row, written and read again. */
static void again(const struct csv_row *row, char separator)
{
	struct sy_buf b = {0};
	struct csv_row copy;
	struct csv c;

	for (size_t i = 0; i < row->n; i++) {
		if (i > 0)
			sy_buf_byte(&b, separator);
		csv_put(&b, row->field[i], separator);
	}
	sy_buf_byte(&b, '\n');
	struct text t = {(const uint8_t *)b.p, b.n, b.n};
	if (row->n > 1 || row->field[0].n > 0) { /* one empty field is an empty line */
		csv_init(&c, read_text, &t);
		c.separator = separator;
		must(csv_next(&c, &copy) == SY_OK);
		must(copy.n == row->n);
		for (size_t i = 0; i < row->n; i++)
			must(sy_str_eq(copy.field[i], row->field[i]));
		csv_free(&c);
	}
	sy_buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct text t = {data, n, n > 0 ? 1 + data[0] % 64u : 1};
	struct csv_row row;
	struct csv c;
	uint64_t line = 0;
	int err;

	csv_init(&c, read_text, &t);
	while ((err = csv_next(&c, &row)) == SY_OK || err == SY_EINVAL || err == SY_EUTF8) {
		must(row.line > line);
		line = row.line;
		if (err == SY_OK)
			again(&row, c.separator);
		else
			must(row.why != NULL);
	}
	csv_free(&c);
	return 0;
}
