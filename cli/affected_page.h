/*
 * What a recall would hit, as a page ready to print.
 */
#ifndef CLI_AFFECTED_PAGE_H
#define CLI_AFFECTED_PAGE_H

#include "affected.h"
#include "page.h"

/* The whole page; nothing is written when the ledger doesn't answer. */
int affected_page(struct app *app, struct sy_buf *path);
/* The list and its totals, in a page that was begun. */
int affected_page_list(struct page *page, struct app *app, struct sy_buf *path, bool *whole);

#endif
