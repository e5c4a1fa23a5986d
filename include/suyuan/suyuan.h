/*
 * Everything that a program needs to read, make and check what a Suyuan ledger says, without
 * trusting whoever runs it.  Link with pkg-config suyuan.
 */
#ifndef SUYUAN_SUYUAN_H
#define SUYUAN_SUYUAN_H

#include "arena.h"
#include "audit.h"
#include "bytes.h"
#include "code.h"
#include "codeinfo.h"
#include "deadline.h"
#include "decimal.h"
#include "entry.h"
#include "error.h"
#include "event.h"
#include "fault.h"
#include "hash.h"
#include "json.h"
#include "keyfile.h"
#include "note.h"
#include "receipt.h"
#include "sign.h"
#include "submission.h"
#include "time.h"
#include "tree.h"
#include "walk.h"

#endif
