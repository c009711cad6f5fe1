package dev.millrace.samples;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A sample that uses what users cannot have shows nothing. */
class HouseRulesTest {
    private static final Set<String> PUBLIC = Set.of(
            "dev.millrace", "dev.millrace.producer", "dev.millrace.consumer", "dev.millrace.samples", "dev.millrace.testkit",
            "org.apache.kafka.clients.admin", "org.apache.kafka.clients.consumer", "org.apache.kafka.clients.producer",
            "org.apache.kafka.common", "org.apache.kafka.common.errors", "org.apache.kafka.common.header",
            "org.apache.kafka.common.serialization");

    private static boolean isInternal(JavaClass type) {
        String name = type.getPackageName();
        return (name.startsWith("org.apache.kafka") || name.startsWith("dev.millrace")) && !PUBLIC.contains(name);
    }

    @Test
    void shouldUsePublicPackagesOnly() {
        noClasses().should().dependOnClassesThat(describe("are not public to users", HouseRulesTest::isInternal))
                .check(new ClassFileImporter().withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                        .importPackages("dev.millrace.samples"));
    }
}
