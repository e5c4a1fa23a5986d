/*
 * The document in which makers of drugs say which codes a batch has and what was packed in what,
 * read as a stream (expat).
 *
 *	<Document><Events><Event><Relation productCode= cascade="1:5:2500">
 *	  <Batch batchNo= madeDate= validateDate=>
 *	    <Code curCode= packLayer="3"/> <Code curCode= packLayer="2" parentCode= flag=/> ...
 *
 * packLayer 1 is the smallest package; a parent stands on a higher layer.  Elements around these
 * differ between versions of the document and are passed over, as are other attributes; names
 * match whatever their case, prefix and order.  A document type is refused: entities are of no use
 * here, and a way to make little text much.
 */
#ifndef CLI_RELATION_H
#define CLI_RELATION_H

#include "cli.h"

#define RELATION_TAG_MAX 65536 /* bytes; a longer one is refused */

struct relation;

/* Texts are the parser's, until the callback returns; absent ones are empty. */
struct relation_batch {
	struct sy_str product, ratio; /* of the Relation around it */
	struct sy_str lot, made, expires;
	uint64_t line;
};

struct relation_code {
	struct sy_str code, layer, parent;
	uint64_t line;
};

struct relation_calls {
	void (*batch)(void *ctx, const struct relation_batch *batch);
	void (*code)(void *ctx, const struct relation_code *code); /* between batch and end */
	void (*end)(void *ctx);
};

int relation_new(const struct relation_calls *calls, void *ctx, struct relation **out);
void relation_free(struct relation *r);
/*
 * More of the text, which is UTF-8 whatever its declaration says; LAST: that was all.  PATH is for
 * F.  RC_FAIL: not XML, or not this document; nothing more can be read.
 */
int relation_feed(struct relation *r, const char *path, struct sy_str text, bool last,
		  struct fail *f);

#endif
