/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a refusal looks: problem+json at API routes, a page elsewhere, from the same facts.
 */
#pragma once

#include "web/req.h"

/* Fills in the response for rq->problem. */
void refusal_answer(struct req *rq);
