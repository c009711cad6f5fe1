package dev.millrace.perf;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The tool measures what a user would get, so it may use only what a user may. */
class HouseRulesTest {
    /** Kafka's documented packages, as far as they are needed here. */
    private static final Set<String> KAFKA = Set.of(
            "org.apache.kafka.clients.admin", "org.apache.kafka.clients.consumer", "org.apache.kafka.clients.producer",
            "org.apache.kafka.common", "org.apache.kafka.common.config", "org.apache.kafka.common.errors",
            "org.apache.kafka.common.header", "org.apache.kafka.common.serialization");
    /** Millrace's public packages. */
    private static final Set<String> MILLRACE =
            Set.of("dev.millrace", "dev.millrace.producer", "dev.millrace.consumer", "dev.millrace.testkit");

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.millrace.perf");

    private static boolean isInternal(JavaClass type) {
        String name = type.getPackageName();
        if (name.startsWith("org.apache.kafka")) {
            return !KAFKA.contains(name);
        }
        return name.startsWith("dev.millrace") && !name.startsWith("dev.millrace.perf") && !MILLRACE.contains(name);
    }

    @Test
    void shouldUsePublicPackagesOnly() {
        noClasses().that().resideOutsideOfPackage("dev.millrace.perf.jmh..")
                .should().dependOnClassesThat(describe("are not public to users", HouseRulesTest::isInternal))
                .check(CLASSES);
    }

    @Test
    void shouldKeepBenchmarksToThemselves() {
        noClasses().that().resideOutsideOfPackage("dev.millrace.perf.jmh..")
                .should().dependOnClassesThat().resideInAPackage("dev.millrace.perf.jmh..")
                .check(CLASSES);
    }

    @Test
    void shouldHaveNoCyclesBetweenPackages() {
        slices().matching("dev.millrace.perf.(*)..").should().beFreeOfCycles().check(CLASSES);
        noClasses().that().resideInAnyPackage("dev.millrace.perf.*..")
                .should().dependOnClassesThat().resideInAPackage("dev.millrace.perf")
                .check(CLASSES);
    }
}
