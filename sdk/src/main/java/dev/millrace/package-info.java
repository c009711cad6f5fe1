/** The facade of the Millrace SDK. */
package dev.millrace;
