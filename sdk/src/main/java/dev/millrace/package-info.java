/** The facades of the Millrace SDK. */
package dev.millrace;
