#include "page.h"

#include "words.h"

enum { PIECE = 65536 };

static const char head[] =
    "<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'\">\n<style>\n"
    "@page { size: A4; margin: 14mm 12mm }\n"
    "body { font: 10pt/1.4 'Noto Sans', 'Noto Sans CJK SC', 'Source Han Sans SC', sans-serif; "
    "color: #000; background: #fff; margin: 0 auto; max-width: 186mm }\n"
    "h1 { font-size: 16pt } h2 { font-size: 12pt; break-after: avoid }\n"
    "table { border-collapse: collapse; width: 100%; font-size: 8.5pt }\n"
    "th, td { border: 0.4pt solid #888; padding: 1mm 1.5mm; text-align: left; vertical-align: top; "
    "overflow-wrap: anywhere }\n"
    "td.n { text-align: right; white-space: nowrap }\n"
    "thead { display: table-header-group } tr { break-inside: avoid }\n"
    "dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.5mm 4mm }\n"
    "dt { color: #444 } dd { margin: 0; overflow-wrap: anywhere }\n"
    ".cut { border: 1.5pt solid #000; padding: 2mm; font-weight: bold }\n"
    "@media screen { body { padding: 8mm } }\n"
    "</style>\n";

static void drain(struct page *p)
{
	if (p->b.failed)
		fail_memory(&p->app->fail);
	out_bytes(&p->app->out, sy_buf_span(&p->b));
	sy_buf_reset(&p->b);
}

static void escape(struct page *p, struct sy_str text)
{
	static const struct {
		char c;
		const char *as;
	} escapes[] = {
	    {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
	struct sy_buf clean = {0};

	text_clean(&clean, text);
	for (size_t i = 0; i < clean.n; i++) {
		const char *as = NULL;
		for (size_t k = 0; k < sizeof escapes / sizeof *escapes; k++)
			if (clean.p[i] == escapes[k].c)
				as = escapes[k].as;
		if (as != NULL)
			sy_buf_text(&p->b, as);
		else
			sy_buf_byte(&p->b, clean.p[i]);
	}
	p->b.failed = p->b.failed || clean.failed;
	sy_buf_free(&clean);
}

static void element(struct page *p, const char *open, struct sy_str text, const char *close)
{
	sy_buf_text(&p->b, open);
	escape(p, text);
	sy_buf_text(&p->b, close);
}

void page_begin(struct page *p, struct app *app, const char *title)
{
	*p = (struct page){.app = app};
	sy_buf_printf(&p->b, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n",
		      app->lang == LANG_ZH ? "zh-CN" : "en");
	sy_buf_text(&p->b, head);
	element(p, "<title>", sy_str(title), "</title>\n</head>\n<body>\n");
	element(p, "<h1>", sy_str(title), "</h1>\n");
}

void page_end(struct page *p, bool whole)
{
	if (!whole)
		page_warning(p, words("This page isn't whole."));
	page_text(p, words("Times are those of China, +08:00."));
	sy_buf_text(&p->b, "</body>\n</html>\n");
	drain(p);
}

void page_free(struct page *p)
{
	sy_buf_free(&p->b);
}

void page_heading(struct page *p, const char *text)
{
	element(p, "<h2>", sy_str(text), "</h2>\n");
}

void page_text(struct page *p, const char *text)
{
	element(p, "<p>", sy_str(text), "</p>\n");
}

void page_warning(struct page *p, const char *text)
{
	element(p, "<p class=\"cut\">", sy_str(text), "</p>\n");
}

void page_fields_begin(struct page *p)
{
	sy_buf_text(&p->b, "<dl>\n");
}

void page_field(struct page *p, const char *name, struct sy_str value)
{
	if (value.n == 0)
		return;
	element(p, "<dt>", sy_str(name), "</dt>");
	element(p, "<dd>", value, "</dd>\n");
}

void page_fields_end(struct page *p)
{
	sy_buf_text(&p->b, "</dl>\n");
}

void page_table_begin(struct page *p, const char *const *headings, size_t n)
{
	sy_buf_text(&p->b, "<table>\n<thead><tr>");
	for (size_t i = 0; i < n; i++)
		element(p, "<th>", sy_str(headings[i]), "</th>");
	sy_buf_text(&p->b, "</tr></thead>\n<tbody>\n");
}

void page_row_begin(struct page *p)
{
	sy_buf_text(&p->b, "<tr>");
}

void page_cell(struct page *p, struct sy_str text)
{
	element(p, "<td>", text, "</td>");
}

void page_number(struct page *p, struct sy_str text)
{
	element(p, "<td class=\"n\">", text, "</td>");
}

void page_row_end(struct page *p)
{
	sy_buf_text(&p->b, "</tr>\n");
	if (p->b.n >= PIECE)
		drain(p);
}

void page_table_end(struct page *p)
{
	sy_buf_text(&p->b, "</tbody>\n</table>\n");
}
