/* The benchmark's C parts. */
#ifndef CMACSWAP_H
#define CMACSWAP_H

#include "die_with_parent.h"
#include "macswap.h"
#include "measured_call.h"
#include "pin_thread.h"

#endif
