#include "api/affected_impl.h"

#include <suyuan/time.h>

/* CSV (RFC 4180): a row a holder. */

static void csv_head(struct writer *w)
{
	sy_buf_text(&w->b,
		    "item,kind,made,distance,from,edge,records,party,place,region,project,part");
	for (size_t i = 0; i < AMOUNTS; i++)
		sy_buf_printf(&w->b, ",%s", amount_names[i]);
	sy_buf_text(&w->b, ",unit,singleUnits,unknown,since\r\n");
}

static void csv_text(struct writer *w, struct sy_str text)
{
	answer_csv(&w->b, text);
	sy_buf_byte(&w->b, ',');
}

static void csv_item(struct writer *w, const struct line *l)
{
	const struct trace_item *why = l->why;
	char day[12] = "";

	if (l->item->made != SY_NO_DAY)
		sy_date_format(l->item->made, day);
	csv_text(w, l->item->code);
	csv_text(w, sy_str(sy_code_kind_name(l->item->kind)));
	csv_text(w, sy_str(day));
	sy_buf_u64(&w->b, why->distance);
	sy_buf_byte(&w->b, ',');
	csv_text(w, l->from);
	csv_text(w, sy_str(trace_edge_name(why->edge)));
	for (unsigned i = 0; i < 2 && why->records[i] != NO_ID; i++) {
		if (i > 0)
			sy_buf_byte(&w->b, ' ');
		sy_buf_u64(&w->b, why->records[i]);
	}
	sy_buf_byte(&w->b, ',');
}

static int csv_holder(struct writer *w, const struct custody_holder *h)
{
	const struct who *party = writer_who(w, h->party), *place = writer_who(w, h->place);
	char since[SY_TIME_TEXT];

	if (party == NULL || place == NULL)
		return SY_ENOMEM;
	csv_text(w, party->name);
	csv_text(w, place->name);
	csv_text(w, place->region.n ? place->region : party->region);
	csv_text(w, place->project);
	csv_text(w, place->part);
	for (size_t i = 0; i < AMOUNTS; i++) {
		amount_put(&w->b, amount_of_holder(h, i));
		sy_buf_byte(&w->b, ',');
	}
	csv_text(w, sy_str(h->unit));
	sy_time_format((uint64_t)h->since, since);
	sy_buf_printf(&w->b, "%s,%s,%s\r\n", h->units ? "true" : "false",
		      h->unknown ? "true" : "false", since);
	return SY_OK;
}

/* A row a holder; of what nobody holds one without. */
static int csv_line(struct writer *w, const struct line *l)
{
	struct custody_holder h;
	size_t at = 0;
	int err = SY_OK;
	bool some = false;

	for (; err == SY_OK && affected_holder(w->a->found, l->nth, &at, &h); some = true) {
		csv_item(w, l);
		err = csv_holder(w, &h);
	}
	if (some)
		return err;
	csv_item(w, l);
	sy_buf_text(&w->b, ",,,,,,,,,,,,,\r\n");
	return SY_OK;
}

static int csv_end(struct writer *w)
{
	(void)w;
	return SY_OK;
}

const struct affected_format affected_csv = {
    "csv", "text/csv; charset=utf-8", csv_head, csv_line, csv_end, true};
