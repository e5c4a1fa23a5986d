/*
 * A page ready to print: HTML that needs nothing else, for A4, in one language.
 *
 * Whatever is told of is text that others wrote: it is escaped, and controls are taken out, and the
 * page says to the browser that nothing in it may be loaded or run.  It is written as it comes, so
 * that its length costs no memory.
 */
#ifndef CLI_PAGE_H
#define CLI_PAGE_H

#include "cli.h"

struct page {
	struct app *app;
	struct sy_buf b;
};

void page_begin(struct page *p, struct app *app, const char *title);
/* The end, which says that the page isn't whole unless it is. */
void page_end(struct page *p, bool whole);
void page_free(struct page *p);

void page_heading(struct page *p, const char *text);
void page_text(struct page *p, const char *text);    /* a paragraph */
void page_warning(struct page *p, const char *text); /* one in a frame: nobody may overlook it */
/* A line of a list of names and values; nothing for an empty one. */
void page_fields_begin(struct page *p);
void page_field(struct page *p, const char *name, struct sy_str value);
void page_fields_end(struct page *p);

/* A table: its headings, then rows of as many cells. */
void page_table_begin(struct page *p, const char *const *headings, size_t n);
void page_row_begin(struct page *p);
void page_cell(struct page *p, struct sy_str text);
void page_number(struct page *p, struct sy_str text); /* stands to the right */
void page_row_end(struct page *p);
void page_table_end(struct page *p);

#endif
